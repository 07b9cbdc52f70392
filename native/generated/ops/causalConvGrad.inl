// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kCausalConvGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accW", sum("P+1", term(1, 2), term(1)), symbol(1)).update(),
    tensor<float>("accBias", fixed(1), symbol(1)).update().optional(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("w", sum("P+1", term(1, 2), term(1)), symbol(1)),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(3),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kCausalConvGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("D", symbol(1), 3, SymbolSpec::cols),
    solve("P", sum("P+1", term(1, 2), term(1)), 5, SymbolSpec::rows).within(1, 7),
    solve("T", symbol(3), 7, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kCausalConvGradEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runCausalConvGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.causalConvGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const int32_t>(v[6]), static_cast<int64_t>(v[7].number)});
  return 0;
}
constexpr OpSpec kCausalConvGradOp = {"causalConvGrad", kCausalConvGradArgs, 8, 22, kCausalConvGradSymbols, 5, kCausalConvGradEquations, 1, true, 0, 7, false, false, false, runCausalConvGrad, 0x40e6f05283b98a0fu};
