// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kNormRopeGradLayout[] = {"half", "interleaved"};
constexpr ArgSpec kNormRopeGradArgs[] = {
    tensor<float>("outDx", symbol(0), sum("W*E", term(1, 10, 9))).update().cut(),
    tensor<float>("accGain", fixed(2), symbol(9)).update().optional(),
    tensor<float>("dqk", symbol(0), sum("K*E", term(1, 8, 9))).cut(),
    tensor<float>("x", symbol(0), sum("W*E", term(1, 10, 9))).cut(),
    tensor<float>("rstd", symbol(0), symbol(8)).optional().cut(),
    tensor<float>("gain", fixed(2), symbol(9)).optional(),
    tensor<float>("angles", symbol(1), sum("2*B", term(2, 2))),
    scalar("turned").wholeNumber(0),
    choice("layout", kNormRopeGradLayout),
    tensor<int32_t>("position", symbol(6), fixed(1)).cut(),
    scalar("kvHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kNormRopeGradSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("C", symbol(1), 6, SymbolSpec::rows),
    solve("B", sum("2*B", term(2, 2)), 6, SymbolSpec::cols),
    solve("G", symbol(3), 10, SymbolSpec::number),
    solve("R", symbol(4), 11, SymbolSpec::number),
    solve("T", symbol(5), 12, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 6, 5)), symbol(0)),
    solve("H", symbol(7), sum("G*R", term(1, 3, 4))),
    solve("K", symbol(8), sum("G*R+G", term(1, 3, 4), term(1, 3))),
    solve("E", sum("K*E", term(1, 8, 9)), 2, SymbolSpec::cols),
    solve("W", sum("W*E", term(1, 10, 9)), 3, SymbolSpec::cols),
};
constexpr EquationSpec kNormRopeGradEquations[] = {
    {0, sum("S*T", term(1, 6, 5))},
    {7, sum("G*R", term(1, 3, 4))},
    {8, sum("G*R+G", term(1, 3, 4), term(1, 3))},
    {10, sum("G*R+2*G", term(1, 3, 4), term(2, 3))},
};
double runNormRopeGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.normRopeGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), static_cast<int64_t>(v[7].number), static_cast<Layout>(v[8].choice), matrix<const int32_t>(v[9]), static_cast<int64_t>(v[10].number), static_cast<int64_t>(v[11].number), static_cast<int64_t>(v[12].number)});
  return 0;
}
constexpr OpSpec kNormRopeGradOp = {"normRopeGrad", kNormRopeGradArgs, 13, 29, kNormRopeGradSymbols, 11, kNormRopeGradEquations, 4, true, 0, 12, false, false, false, runNormRopeGrad, 0xf53a67425190ebe9u};
