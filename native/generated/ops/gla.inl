// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kGlaArgs[] = {
    tensor<float>("out", symbol(0), sum("G*R*V", term(1, 1, 2, 7))).out().cut(),
    tensor<float>("state", sum("S*G*R*K", term(1, 6, 1, 2, 3)), symbol(7)).update().cut(),
    tensor<float>("x", symbol(0), sum("2*G*K+G*R*V+G*R*B+G*R*E", term(2, 1, 3), term(1, 1, 2, 7), term(1, 1, 2, 8), term(1, 1, 2, 4))).cut(),
    tensor<float>("bonus", fixed(1), sum("G*R*K", term(1, 1, 2, 3))).optional(),
    scalar("fade"),
    scalar("scale"),
    scalar("keyHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("keys").wholeNumber(1),
    scalar("decays").wholeNumber(0),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(5),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kGlaSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("G", symbol(1), 6, SymbolSpec::number),
    solve("R", symbol(2), 7, SymbolSpec::number),
    solve("K", symbol(3), 8, SymbolSpec::number),
    solve("E", symbol(4), 9, SymbolSpec::number),
    solve("T", symbol(5), 11, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 6, 5)), symbol(0)),
    solve("V", sum("G*R*V", term(1, 1, 2, 7)), 0, SymbolSpec::cols),
    solve("B", sum("2*G*K+G*R*V+G*R*B+G*R*E", term(2, 1, 3), term(1, 1, 2, 7), term(1, 1, 2, 8), term(1, 1, 2, 4)), 2, SymbolSpec::cols).within(0, 1),
};
constexpr EquationSpec kGlaEquations[] = {
    {0, sum("S*T", term(1, 6, 5))},
};
double runGla(const KernelTable& table, Context& context, const Argument* v) {
  table.gla(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), v[4].number, v[5].number, static_cast<int64_t>(v[6].number), static_cast<int64_t>(v[7].number), static_cast<int64_t>(v[8].number), static_cast<int64_t>(v[9].number), matrix<const int32_t>(v[10]), static_cast<int64_t>(v[11].number)});
  return 0;
}
constexpr OpSpec kGlaOp = {"gla", kGlaArgs, 12, 22, kGlaSymbols, 9, kGlaEquations, 1, true, 0, 11, false, false, false, runGla, 0xdd3f3c5684752e6u};
