// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kPasteColumnsArgs[] = {
    tensor<float>("y", symbol(0), sum("A+D+R", term(1, 2), term(1, 1), term(1, 3))).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    scalar("at").wholeNumber(0),
};
constexpr SymbolSpec kPasteColumnsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("A", symbol(2), 2, SymbolSpec::number),
    solve("R", sum("A+D+R", term(1, 2), term(1, 1), term(1, 3)), 0, SymbolSpec::cols),
};
double runPasteColumns(const KernelTable& table, Context& context, const Argument* v) {
  table.pasteColumns(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number)});
  return 0;
}
constexpr OpSpec kPasteColumnsOp = {"pasteColumns", kPasteColumnsArgs, 3, 7, kPasteColumnsSymbols, 4, nullptr, 0, true, 0, kNone, false, false, false, runPasteColumns, 0x2b8d737b1794cc6du};
