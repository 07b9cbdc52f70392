// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kForgetGateArgs[] = {
    tensor<float>("out", symbol(0), sum("2*D", term(2, 1))).out().cut(),
    tensor<float>("x", symbol(0), sum("2*D", term(2, 1))).cut(),
    tensor<float>("logits", symbol(3), symbol(1)).optional(),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    scalar("floor"),
    scalar("layer").wholeNumber(0),
    scalar("layers").wholeNumber(1),
};
constexpr SymbolSpec kForgetGateSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", sum("2*D", term(2, 1)), 1, SymbolSpec::cols),
    solve("A", symbol(2), 5, SymbolSpec::number),
    solve("L", symbol(3), 6, SymbolSpec::number),
    solve("R", sum("A+1+R", term(1, 2), term(1), term(1, 4)), symbol(3)),
};
constexpr EquationSpec kForgetGateEquations[] = {
    {3, sum("A+1+R", term(1, 2), term(1), term(1, 4))},
};
double runForgetGate(const KernelTable& table, Context& context, const Argument* v) {
  table.forgetGate(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), v[4].number, static_cast<int64_t>(v[5].number), static_cast<int64_t>(v[6].number)});
  return 0;
}
constexpr OpSpec kForgetGateOp = {"forgetGate", kForgetGateArgs, 7, 15, kForgetGateSymbols, 5, kForgetGateEquations, 1, true, 0, kNone, false, false, false, runForgetGate, 0xa4a8d16fabb20b07u};
