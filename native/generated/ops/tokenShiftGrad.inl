// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kTokenShiftGradArgs[] = {
    tensor<float>("outDx", symbol(0), symbol(1)).out().cut(),
    tensor<float>("accMix", fixed(1), symbol(1)).update(),
    tensor<float>("dy", symbol(0), symbol(1)).cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("mix", fixed(1), symbol(1)),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kTokenShiftGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 6, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kTokenShiftGradEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runTokenShiftGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.tokenShiftGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const int32_t>(v[5]), static_cast<int64_t>(v[6].number)});
  return 0;
}
constexpr OpSpec kTokenShiftGradOp = {"tokenShiftGrad", kTokenShiftGradArgs, 7, 19, kTokenShiftGradSymbols, 4, kTokenShiftGradEquations, 1, true, 0, 6, false, false, false, runTokenShiftGrad, 0x28bbb550e3d6bf9bu};
