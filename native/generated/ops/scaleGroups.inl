// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kScaleGroupsArgs[] = {
    tensor<float>("out", symbol(0), sum("G*E", term(1, 1, 2))).out().cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("w", symbol(0), symbol(1)).cut(),
};
constexpr SymbolSpec kScaleGroupsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("G", symbol(1), 2, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 1, 2)), 1, SymbolSpec::cols),
};
double runScaleGroups(const KernelTable& table, Context& context, const Argument* v) {
  table.scaleGroups(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kScaleGroupsOp = {"scaleGroups", kScaleGroupsArgs, 3, 9, kScaleGroupsSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runScaleGroups, 0xe5a89943a2beb254u};
