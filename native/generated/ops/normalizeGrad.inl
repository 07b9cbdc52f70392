// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kNormalizeGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("G*E", term(1, 1, 2))).out().cut(),
    tensor<float>("accGain", fixed(1), sum("G*E", term(1, 1, 2))).update().optional(),
    tensor<float>("accBias", fixed(1), sum("G*E", term(1, 1, 2))).update().optional(),
    tensor<float>("dy", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("gain", fixed(1), sum("G*E", term(1, 1, 2))).optional(),
    tensor<float>("mean", symbol(0), symbol(1)).cut(),
    tensor<float>("rstd", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kNormalizeGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("G", symbol(1), 6, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 1, 2)), 3, SymbolSpec::cols),
};
double runNormalizeGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.normalizeGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), matrix<const float>(v[7])});
  return 0;
}
constexpr OpSpec kNormalizeGradOp = {"normalizeGrad", kNormalizeGradArgs, 8, 24, kNormalizeGradSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runNormalizeGrad, 0x49e0dfff69903e50u};
