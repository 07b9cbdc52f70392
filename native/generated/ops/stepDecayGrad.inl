// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kStepDecayGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accRate", fixed(1), symbol(1)).update(),
    tensor<float>("accBias", fixed(1), symbol(1)).update(),
    tensor<float>("dy", symbol(0), sum("P*D", term(1, 2, 1))).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("rate", fixed(1), symbol(1)),
    tensor<float>("bias", fixed(1), symbol(1)),
};
constexpr SymbolSpec kStepDecayGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 4, SymbolSpec::cols),
    solve("P", sum("P*D", term(1, 2, 1)), 3, SymbolSpec::cols).within(1, 2),
};
double runStepDecayGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.stepDecayGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6])});
  return 0;
}
constexpr OpSpec kStepDecayGradOp = {"stepDecayGrad", kStepDecayGradArgs, 7, 21, kStepDecayGradSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runStepDecayGrad, 0x9ec1cbf53e5646e1u};
