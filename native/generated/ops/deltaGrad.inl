// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDeltaGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*G*K+G*R*V+G*R+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2), term(1, 1, 2, 5))).out().cut(),
    tensor<float>("dy", symbol(0), sum("G*R*V", term(1, 1, 2, 3))).cut(),
    tensor<float>("x", symbol(0), sum("2*G*K+G*R*V+G*R+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2), term(1, 1, 2, 5))).cut(),
    scalar("scale"),
    scalar("eps"),
    scalar("keyHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("keys").wholeNumber(1),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(6),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDeltaGradSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("G", symbol(1), 5, SymbolSpec::number),
    solve("R", symbol(2), 6, SymbolSpec::number),
    solve("V", sum("G*R*V", term(1, 1, 2, 3)), 1, SymbolSpec::cols),
    solve("K", symbol(4), 7, SymbolSpec::number),
    solve("E", sum("2*G*K+G*R*V+G*R+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2), term(1, 1, 2, 5)), 2, SymbolSpec::cols),
    solve("T", symbol(6), 9, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 7, 6)), symbol(0)),
};
constexpr EquationSpec kDeltaGradEquations[] = {
    {0, sum("S*T", term(1, 7, 6))},
};
double runDeltaGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.deltaGrad(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), v[3].number, v[4].number, static_cast<int64_t>(v[5].number), static_cast<int64_t>(v[6].number), static_cast<int64_t>(v[7].number), matrix<const int32_t>(v[8]), static_cast<int64_t>(v[9].number)});
  return 0;
}
constexpr OpSpec kDeltaGradOp = {"deltaGrad", kDeltaGradArgs, 10, 18, kDeltaGradSymbols, 8, kDeltaGradEquations, 1, true, 0, 9, false, false, false, runDeltaGrad, 0x7bdba09b3483a281u};
