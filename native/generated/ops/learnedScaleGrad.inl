// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kLearnedScaleGradArgs[] = {
    tensor<float>("accW", symbol(0), symbol(1)).update(),
    tensor<float>("accScale", symbol(2), fixed(1)).update(),
    tensor<float>("dw", symbol(0), symbol(1)),
    tensor<float>("w", symbol(0), symbol(1)),
    tensor<float>("scale", symbol(2), fixed(1)),
};
constexpr SymbolSpec kLearnedScaleGradSymbols[] = {
    solve("N", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
    solve("G", symbol(2), 4, SymbolSpec::rows),
    solve("R", sum("G*R", term(1, 2, 3)), symbol(0)),
};
constexpr EquationSpec kLearnedScaleGradEquations[] = {
    {0, sum("G*R", term(1, 2, 3))},
};
double runLearnedScaleGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.learnedScaleGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4])});
  return 0;
}
constexpr OpSpec kLearnedScaleGradOp = {"learnedScaleGrad", kLearnedScaleGradArgs, 5, 15, kLearnedScaleGradSymbols, 4, kLearnedScaleGradEquations, 1, true, kNone, kNone, false, false, false, runLearnedScaleGrad, 0x104eb76643d2c4d6u};
