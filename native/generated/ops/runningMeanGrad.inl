// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kRunningMeanGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kRunningMeanGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("T", symbol(2), 3, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kRunningMeanGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runRunningMeanGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.runningMeanGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const int32_t>(v[2]), static_cast<int64_t>(v[3].number)});
  return 0;
}
constexpr OpSpec kRunningMeanGradOp = {"runningMeanGrad", kRunningMeanGradArgs, 4, 10, kRunningMeanGradSymbols, 4, kRunningMeanGradEquations, 1, true, 0, 3, false, false, false, runRunningMeanGrad, 0x72df1ba2bbcb7f4u};
