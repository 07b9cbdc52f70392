// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kStepDecayArgs[] = {
    tensor<float>("out", symbol(0), sum("P*D", term(1, 2, 1))).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("rate", fixed(1), symbol(1)),
    tensor<float>("bias", fixed(1), symbol(1)),
};
constexpr SymbolSpec kStepDecaySymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("P", sum("P*D", term(1, 2, 1)), 0, SymbolSpec::cols).within(1, 2),
};
double runStepDecay(const KernelTable& table, Context& context, const Argument* v) {
  table.stepDecay(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3])});
  return 0;
}
constexpr OpSpec kStepDecayOp = {"stepDecay", kStepDecayArgs, 4, 12, kStepDecaySymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runStepDecay, 0xc01942b2a90cff73u};
