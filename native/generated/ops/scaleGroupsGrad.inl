// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScaleGroupsGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("G*E", term(1, 1, 2))).out().cut(),
    tensor<float>("outDw", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dy", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("w", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kScaleGroupsGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("G", symbol(1), 4, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 1, 2)), 2, SymbolSpec::cols),
};
double runScaleGroupsGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.scaleGroupsGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4])});
  return 0;
}
constexpr OpSpec kScaleGroupsGradOp = {"scaleGroupsGrad", kScaleGroupsGradArgs, 5, 15, kScaleGroupsGradSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runScaleGroupsGrad, 0xcfe3b0f6385c44b2u};
