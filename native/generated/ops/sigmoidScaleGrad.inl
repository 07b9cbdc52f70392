// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSigmoidScaleGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accLogit", fixed(1), fixed(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("logit", fixed(1), fixed(1)),
};
constexpr SymbolSpec kSigmoidScaleGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runSigmoidScaleGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.sigmoidScaleGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4])});
  return 0;
}
constexpr OpSpec kSigmoidScaleGradOp = {"sigmoidScaleGrad", kSigmoidScaleGradArgs, 5, 15, kSigmoidScaleGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSigmoidScaleGrad, 0xbdf6ed04a4a5bd18u};
