// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSliceColumnsArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out().cut(),
    tensor<float>("x", symbol(0), sum("A+D+R", term(1, 1), term(1, 2), term(1, 3))).cut(),
    scalar("at").wholeNumber(0),
};
constexpr SymbolSpec kSliceColumnsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("A", symbol(1), 2, SymbolSpec::number),
    solve("D", symbol(2), 0, SymbolSpec::cols),
    solve("R", sum("A+D+R", term(1, 1), term(1, 2), term(1, 3)), 1, SymbolSpec::cols),
};
double runSliceColumns(const KernelTable& table, Context& context, const Argument* v) {
  table.sliceColumns(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number)});
  return 0;
}
constexpr OpSpec kSliceColumnsOp = {"sliceColumns", kSliceColumnsArgs, 3, 7, kSliceColumnsSymbols, 4, nullptr, 0, true, 0, kNone, false, false, false, runSliceColumns, 0xec59eac6b5fa634du};
