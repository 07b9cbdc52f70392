// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kGlaGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("2*G*K+G*R*V+G*R*B+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2, 6), term(1, 1, 2, 5))).out(),
    tensor<float>("accBonus", fixed(1), sum("G*R*K", term(1, 1, 2, 4))).update().optional(),
    tensor<float>("dy", symbol(0), sum("G*R*V", term(1, 1, 2, 3))),
    tensor<float>("x", symbol(0), sum("2*G*K+G*R*V+G*R*B+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2, 6), term(1, 1, 2, 5))),
    tensor<float>("bonus", fixed(1), sum("G*R*K", term(1, 1, 2, 4))).optional(),
    scalar("fade"),
    scalar("scale"),
    scalar("keyHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("keys").wholeNumber(1),
    scalar("decays").wholeNumber(0),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().below(7),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kGlaGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("G", symbol(1), 7, SymbolSpec::number),
    solve("R", symbol(2), 8, SymbolSpec::number),
    solve("V", sum("G*R*V", term(1, 1, 2, 3)), 2, SymbolSpec::cols),
    solve("K", symbol(4), 9, SymbolSpec::number),
    solve("E", symbol(5), 10, SymbolSpec::number),
    solve("B", sum("2*G*K+G*R*V+G*R*B+G*R*E", term(2, 1, 4), term(1, 1, 2, 3), term(1, 1, 2, 6), term(1, 1, 2, 5)), 3, SymbolSpec::cols).within(0, 1),
    solve("T", symbol(7), 12, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 8, 7)), symbol(0)),
};
constexpr EquationSpec kGlaGradEquations[] = {
    {0, sum("S*T", term(1, 8, 7))},
};
double runGlaGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.glaGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), v[5].number, v[6].number, static_cast<int64_t>(v[7].number), static_cast<int64_t>(v[8].number), static_cast<int64_t>(v[9].number), static_cast<int64_t>(v[10].number), matrix<const int32_t>(v[11]), static_cast<int64_t>(v[12].number)});
  return 0;
}
constexpr OpSpec kGlaGradOp = {"glaGrad", kGlaGradArgs, 13, 25, kGlaGradSymbols, 9, kGlaGradEquations, 1, true, kNone, kNone, false, false, false, runGlaGrad, 0xb735829315c6e3e0u};
