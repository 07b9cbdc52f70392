// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kLogDecayArgs[] = {
    tensor<float>("out", symbol(0), sum("P*D", term(1, 5, 1))).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("logits", symbol(3), symbol(1)).optional(),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    scalar("floor"),
    scalar("temperature"),
    scalar("layer").wholeNumber(0),
    scalar("layers").wholeNumber(1),
};
constexpr SymbolSpec kLogDecaySymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("A", symbol(2), 6, SymbolSpec::number),
    solve("L", symbol(3), 7, SymbolSpec::number),
    solve("R", sum("A+1+R", term(1, 2), term(1), term(1, 4)), symbol(3)),
    solve("P", sum("P*D", term(1, 5, 1)), 0, SymbolSpec::cols).within(1, 2),
};
constexpr EquationSpec kLogDecayEquations[] = {
    {3, sum("A+1+R", term(1, 2), term(1), term(1, 4))},
};
double runLogDecay(const KernelTable& table, Context& context, const Argument* v) {
  table.logDecay(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), v[4].number, v[5].number, static_cast<int64_t>(v[6].number), static_cast<int64_t>(v[7].number)});
  return 0;
}
constexpr OpSpec kLogDecayOp = {"logDecay", kLogDecayArgs, 8, 16, kLogDecaySymbols, 6, kLogDecayEquations, 1, true, 0, kNone, false, false, false, runLogDecay, 0x877e2afae2430ca0u};
