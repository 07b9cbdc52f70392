// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kQuantizeWeightByArgs[] = {
    tensor<int8_t>("outCodes", symbol(0), symbol(1)).out(),
    tensor<float>("outScale", symbol(2), fixed(1)).out(),
    tensor<float>("w", symbol(0), symbol(1)),
    tensor<float>("learned", symbol(2), fixed(1)),
};
constexpr SymbolSpec kQuantizeWeightBySymbols[] = {
    solve("N", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
    solve("G", symbol(2), 3, SymbolSpec::rows),
    solve("R", sum("G*R", term(1, 2, 3)), symbol(0)),
};
constexpr EquationSpec kQuantizeWeightByEquations[] = {
    {0, sum("G*R", term(1, 2, 3))},
};
double runQuantizeWeightBy(const KernelTable& table, Context& context, const Argument* v) {
  table.quantizeWeightBy(context, {matrix<int8_t>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3])});
  return 0;
}
constexpr OpSpec kQuantizeWeightByOp = {"quantizeWeightBy", kQuantizeWeightByArgs, 4, 12, kQuantizeWeightBySymbols, 4, kQuantizeWeightByEquations, 1, true, kNone, kNone, false, false, false, runQuantizeWeightBy, 0x4770b90a27a8f0a6u};
