// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kNormalizeOverTimeGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("G*E", term(1, 1, 2))).out().cut(),
    tensor<float>("accGain", fixed(1), sum("G*E", term(1, 1, 2))).update().optional(),
    tensor<float>("accBias", fixed(1), sum("G*E", term(1, 1, 2))).update().optional(),
    tensor<float>("dy", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("gain", fixed(1), sum("G*E", term(1, 1, 2))).optional(),
    tensor<float>("mean", symbol(0), symbol(1)).cut(),
    tensor<float>("rstd", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(3),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kNormalizeOverTimeGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("G", symbol(1), 6, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 1, 2)), 3, SymbolSpec::cols),
    solve("T", symbol(3), 9, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kNormalizeOverTimeGradEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runNormalizeOverTimeGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.normalizeOverTimeGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), matrix<const float>(v[7]), matrix<const int32_t>(v[8]), static_cast<int64_t>(v[9].number)});
  return 0;
}
constexpr OpSpec kNormalizeOverTimeGradOp = {"normalizeOverTimeGrad", kNormalizeOverTimeGradArgs, 10, 28, kNormalizeOverTimeGradSymbols, 5, kNormalizeOverTimeGradEquations, 1, true, 0, 9, false, false, false, runNormalizeOverTimeGrad, 0x40cf00de0291e410u};
