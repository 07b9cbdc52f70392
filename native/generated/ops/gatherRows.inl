// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kGatherRowsArgs[] = {
    tensor<float>("out", symbol(2), symbol(1)).out().cut(),
    tensor<float>("table", symbol(0), symbol(1)),
    tensor<int32_t>("ids", symbol(2), fixed(1)).cut().below(0),
};
constexpr SymbolSpec kGatherRowsSymbols[] = {
    solve("V", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("M", symbol(2), 0, SymbolSpec::rows),
};
double runGatherRows(const KernelTable& table, Context& context, const Argument* v) {
  table.gatherRows(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2])});
  return 0;
}
constexpr OpSpec kGatherRowsOp = {"gatherRows", kGatherRowsArgs, 3, 9, kGatherRowsSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runGatherRows, 0x3536d4abbd38cac5u};
