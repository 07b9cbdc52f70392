// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScaleAddGradArgs[] = {
    tensor<float>("accWeight", fixed(1), fixed(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("b", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kScaleAddGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runScaleAddGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.scaleAddGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kScaleAddGradOp = {"scaleAddGrad", kScaleAddGradArgs, 3, 9, kScaleAddGradSymbols, 2, nullptr, 0, true, 1, kNone, false, false, false, runScaleAddGrad, 0x3ee712bdee0cc07u};
