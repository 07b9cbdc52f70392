// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDelayArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", sum("S*P", term(1, 3, 4)), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(2),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDelaySymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("T", symbol(2), 4, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 3, 2)), symbol(0)),
    solve("P", sum("S*P", term(1, 3, 4)), 1, SymbolSpec::rows),
};
constexpr EquationSpec kDelayEquations[] = {
    {0, sum("S*T", term(1, 3, 2))},
};
double runDelay(const KernelTable& table, Context& context, const Argument* v) {
  table.delay(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const int32_t>(v[3]), static_cast<int64_t>(v[4].number)});
  return 0;
}
constexpr OpSpec kDelayOp = {"delay", kDelayArgs, 5, 13, kDelaySymbols, 5, kDelayEquations, 1, true, 0, 4, false, false, false, runDelay, 0xf25b6a64631e33ddu};
