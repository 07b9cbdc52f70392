// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kAddBiasGradArgs[] = {
    tensor<float>("accBias", fixed(1), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kAddBiasGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runAddBiasGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.addBiasGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1])});
  return 0;
}
constexpr OpSpec kAddBiasGradOp = {"addBiasGrad", kAddBiasGradArgs, 2, 6, kAddBiasGradSymbols, 2, nullptr, 0, true, 1, kNone, false, false, false, runAddBiasGrad, 0x84b8e0cac700b02bu};
