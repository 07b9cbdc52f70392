// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDeltaArgs[] = {
    tensor<float>("out", symbol(0), sum("G*R*V", term(1, 1, 2, 6))).out().cut(),
    tensor<float>("state", sum("S*G*R*K", term(1, 5, 1, 2, 3)), symbol(6)).update().cut(),
    tensor<float>("x", symbol(0), sum("2*G*K+G*R*V+G*R+G*R*E", term(2, 1, 3), term(1, 1, 2, 6), term(1, 1, 2), term(1, 1, 2, 7))).cut(),
    scalar("scale"),
    scalar("eps"),
    scalar("keyHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("keys").wholeNumber(1),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(4),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kDeltaSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("G", symbol(1), 5, SymbolSpec::number),
    solve("R", symbol(2), 6, SymbolSpec::number),
    solve("K", symbol(3), 7, SymbolSpec::number),
    solve("T", symbol(4), 9, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 5, 4)), symbol(0)),
    solve("V", sum("G*R*V", term(1, 1, 2, 6)), 0, SymbolSpec::cols),
    solve("E", sum("2*G*K+G*R*V+G*R+G*R*E", term(2, 1, 3), term(1, 1, 2, 6), term(1, 1, 2), term(1, 1, 2, 7)), 2, SymbolSpec::cols),
};
constexpr EquationSpec kDeltaEquations[] = {
    {0, sum("S*T", term(1, 5, 4))},
};
double runDelta(const KernelTable& table, Context& context, const Argument* v) {
  table.delta(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), v[3].number, v[4].number, static_cast<int64_t>(v[5].number), static_cast<int64_t>(v[6].number), static_cast<int64_t>(v[7].number), matrix<const int32_t>(v[8]), static_cast<int64_t>(v[9].number)});
  return 0;
}
constexpr OpSpec kDeltaOp = {"delta", kDeltaArgs, 10, 18, kDeltaSymbols, 8, kDeltaEquations, 1, true, 0, 9, false, false, false, runDelta, 0x9a691317344a1be5u};
