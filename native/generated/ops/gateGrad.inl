// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kGateGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("factors", symbol(0), sum("2*D", term(2, 1))).cut(),
};
constexpr SymbolSpec kGateGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
};
double runGateGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.gateGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kGateGradOp = {"gateGrad", kGateGradArgs, 3, 9, kGateGradSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runGateGrad, 0x4b46220ad80c21f8u};
