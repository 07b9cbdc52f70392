// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kNormRopeLayout[] = {"half", "interleaved"};
constexpr ArgSpec kNormRopeArgs[] = {
    tensor<float>("out", symbol(0), sum("K*E", term(1, 8, 10))).out().cut(),
    tensor<float>("outRstd", symbol(0), symbol(8)).out().optional().cut(),
    tensor<float>("x", symbol(0), sum("W*E", term(1, 9, 10))).cut(),
    tensor<float>("gain", fixed(2), symbol(10)).optional(),
    tensor<float>("angles", symbol(1), sum("2*B", term(2, 2))),
    scalar("turned").wholeNumber(0),
    choice("layout", kNormRopeLayout),
    tensor<int32_t>("position", symbol(6), fixed(1)).cut(),
    scalar("kvHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("eps"),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kNormRopeSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("C", symbol(1), 4, SymbolSpec::rows),
    solve("B", sum("2*B", term(2, 2)), 4, SymbolSpec::cols),
    solve("G", symbol(3), 8, SymbolSpec::number),
    solve("R", symbol(4), 9, SymbolSpec::number),
    solve("T", symbol(5), 11, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 6, 5)), symbol(0)),
    solve("H", symbol(7), sum("G*R", term(1, 3, 4))),
    solve("K", symbol(8), sum("G*R+G", term(1, 3, 4), term(1, 3))),
    solve("W", symbol(9), sum("G*R+2*G", term(1, 3, 4), term(2, 3))),
    solve("E", sum("W*E", term(1, 9, 10)), 2, SymbolSpec::cols),
};
constexpr EquationSpec kNormRopeEquations[] = {
    {0, sum("S*T", term(1, 6, 5))},
    {7, sum("G*R", term(1, 3, 4))},
    {8, sum("G*R+G", term(1, 3, 4), term(1, 3))},
    {9, sum("G*R+2*G", term(1, 3, 4), term(2, 3))},
};
double runNormRope(const KernelTable& table, Context& context, const Argument* v) {
  table.normRope(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), static_cast<int64_t>(v[5].number), static_cast<Layout>(v[6].choice), matrix<const int32_t>(v[7]), static_cast<int64_t>(v[8].number), static_cast<int64_t>(v[9].number), v[10].number, static_cast<int64_t>(v[11].number)});
  return 0;
}
constexpr OpSpec kNormRopeOp = {"normRope", kNormRopeArgs, 12, 24, kNormRopeSymbols, 11, kNormRopeEquations, 4, true, 0, 11, false, false, false, runNormRope, 0xcedec35695992c2au};
