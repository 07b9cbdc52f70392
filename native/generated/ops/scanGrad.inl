// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScanGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<float>("y", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kScanGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("T", symbol(2), 5, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kScanGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runScanGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.scanGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const int32_t>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}
constexpr OpSpec kScanGradOp = {"scanGrad", kScanGradArgs, 6, 16, kScanGradSymbols, 4, kScanGradEquations, 1, true, 0, 5, false, false, false, runScanGrad, 0xb02a95d57592801cu};
