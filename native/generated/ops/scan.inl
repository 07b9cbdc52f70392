// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScanArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kScanSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kScanEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runScan(const KernelTable& table, Context& context, const Argument* v) {
  table.scan(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}
constexpr OpSpec kScanOp = {"scan", kScanArgs, 5, 13, kScanSymbols, 4, kScanEquations, 1, true, 0, 4, false, false, false, runScan, 0xb80d173d8117cee0u};
