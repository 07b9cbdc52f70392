// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kRunningMeanArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), sum("D+1", term(1, 1), term(1))).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kRunningMeanSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kRunningMeanEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runRunningMean(const KernelTable& table, Context& context, const Argument* v) {
  table.runningMean(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}
constexpr OpSpec kRunningMeanOp = {"runningMean", kRunningMeanArgs, 5, 13, kRunningMeanSymbols, 4, kRunningMeanEquations, 1, true, 0, 4, false, false, false, runRunningMean, 0x85e9a17d845656ceu};
