// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kSigmoidScaleArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("logit", fixed(1), fixed(1)),
};
constexpr SymbolSpec kSigmoidScaleSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runSigmoidScale(const KernelTable& table, Context& context, const Argument* v) {
  table.sigmoidScale(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kSigmoidScaleOp = {"sigmoidScale", kSigmoidScaleArgs, 3, 9, kSigmoidScaleSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runSigmoidScale, 0x6aa9462d2c7850cau};
