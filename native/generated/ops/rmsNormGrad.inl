// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kRmsNormGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accGain", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("gain", fixed(1), symbol(1)).optional(),
    tensor<float>("rstd", symbol(0), fixed(1)).cut(),
};
constexpr SymbolSpec kRmsNormGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runRmsNormGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.rmsNormGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5])});
  return 0;
}
constexpr OpSpec kRmsNormGradOp = {"rmsNormGrad", kRmsNormGradArgs, 6, 18, kRmsNormGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runRmsNormGrad, 0x30afb16a4f17c8ecu};
