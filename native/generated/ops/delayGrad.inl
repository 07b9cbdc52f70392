// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDelayGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    scalar("by").wholeNumber(1),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(3),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDelayGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("D", symbol(1), 1, SymbolSpec::cols),
    solve("P", symbol(2), 2, SymbolSpec::number),
    solve("T", symbol(3), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kDelayGradEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runDelayGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.delayGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), static_cast<int64_t>(v[2].number), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}
constexpr OpSpec kDelayGradOp = {"delayGrad", kDelayGradArgs, 5, 11, kDelayGradSymbols, 5, kDelayGradEquations, 1, true, 0, 4, false, false, false, runDelayGrad, 0xf7bc289cd37fbd2du};
