// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kTokenShiftArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", symbol(3), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("mix", fixed(1), symbol(1)),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kTokenShiftSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 5, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
};
constexpr EquationSpec kTokenShiftEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runTokenShift(const KernelTable& table, Context& context, const Argument* v) {
  table.tokenShift(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const int32_t>(v[4]), static_cast<int64_t>(v[5].number)});
  return 0;
}
constexpr OpSpec kTokenShiftOp = {"tokenShift", kTokenShiftArgs, 6, 16, kTokenShiftSymbols, 4, kTokenShiftEquations, 1, true, 0, 5, false, false, false, runTokenShift, 0x60d4919724c0277eu};
