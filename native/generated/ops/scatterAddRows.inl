// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScatterAddRowsArgs[] = {
    tensor<float>("accTable", symbol(2), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)),
    tensor<int32_t>("ids", symbol(0), fixed(1)).below(2),
};
constexpr SymbolSpec kScatterAddRowsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("V", symbol(2), 0, SymbolSpec::rows),
};
double runScatterAddRows(const KernelTable& table, Context& context, const Argument* v) {
  table.scatterAddRows(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2])});
  return 0;
}
constexpr OpSpec kScatterAddRowsOp = {"scatterAddRows", kScatterAddRowsArgs, 3, 9, kScatterAddRowsSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runScatterAddRows, 0x9486c610fc42e323u};
