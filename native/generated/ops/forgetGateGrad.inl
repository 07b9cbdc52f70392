// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kForgetGateGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("accLogits", symbol(3), symbol(1)).update().optional(),
    tensor<float>("accBias", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<float>("logits", symbol(3), symbol(1)).optional(),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    scalar("floor"),
    scalar("layer").wholeNumber(0),
    scalar("layers").wholeNumber(1),
};
constexpr SymbolSpec kForgetGateGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 3, SymbolSpec::cols),
    solve("A", symbol(2), 8, SymbolSpec::number),
    solve("L", symbol(3), 9, SymbolSpec::number),
    solve("R", sum("A+1+R", term(1, 2), term(1), term(1, 4)), symbol(3)),
};
constexpr EquationSpec kForgetGateGradEquations[] = {
    {3, sum("A+1+R", term(1, 2), term(1), term(1, 4))},
};
double runForgetGateGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.forgetGateGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), v[7].number, static_cast<int64_t>(v[8].number), static_cast<int64_t>(v[9].number)});
  return 0;
}
constexpr OpSpec kForgetGateGradOp = {"forgetGateGrad", kForgetGateGradArgs, 10, 24, kForgetGateGradSymbols, 5, kForgetGateGradEquations, 1, true, 0, kNone, false, false, false, runForgetGateGrad, 0xf0568dbbd703048eu};
