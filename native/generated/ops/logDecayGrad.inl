// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kLogDecayGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accLogits", symbol(4), symbol(1)).update().optional(),
    tensor<float>("accBias", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), sum("P*D", term(1, 2, 1))).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("logits", symbol(4), symbol(1)).optional(),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    scalar("floor"),
    scalar("temperature"),
    scalar("layer").wholeNumber(0),
    scalar("layers").wholeNumber(1),
};
constexpr SymbolSpec kLogDecayGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 4, SymbolSpec::cols),
    solve("P", sum("P*D", term(1, 2, 1)), 3, SymbolSpec::cols).within(1, 2),
    solve("A", symbol(3), 9, SymbolSpec::number),
    solve("L", symbol(4), 10, SymbolSpec::number),
    solve("R", sum("A+1+R", term(1, 3), term(1), term(1, 5)), symbol(4)),
};
constexpr EquationSpec kLogDecayGradEquations[] = {
    {4, sum("A+1+R", term(1, 3), term(1), term(1, 5))},
};
double runLogDecayGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.logDecayGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), v[7].number, v[8].number, static_cast<int64_t>(v[9].number), static_cast<int64_t>(v[10].number)});
  return 0;
}
constexpr OpSpec kLogDecayGradOp = {"logDecayGrad", kLogDecayGradArgs, 11, 25, kLogDecayGradSymbols, 6, kLogDecayGradEquations, 1, true, 0, kNone, false, false, false, runLogDecayGrad, 0xb4edce7a7f3db68eu};
