// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kNormalizeOverTimeArgs[] = {
    tensor<float>("out", symbol(0), sum("G*E", term(1, 3, 4))).out().cut(),
    tensor<float>("outMean", symbol(0), symbol(3)).out().cut(),
    tensor<float>("outRstd", symbol(0), symbol(3)).out().cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 3, 4))).cut(),
    tensor<float>("gain", fixed(1), sum("G*E", term(1, 3, 4))).optional(),
    tensor<float>("bias", fixed(1), sum("G*E", term(1, 3, 4))).optional(),
    scalar("eps"),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(1),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kNormalizeOverTimeSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("T", symbol(1), 8, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 2, 1)), symbol(0)),
    solve("G", symbol(3), 1, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 3, 4)), 3, SymbolSpec::cols),
};
constexpr EquationSpec kNormalizeOverTimeEquations[] = {
    {0, sum("S*T", term(1, 2, 1))},
};
double runNormalizeOverTime(const KernelTable& table, Context& context, const Argument* v) {
  table.normalizeOverTime(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), v[6].number, matrix<const int32_t>(v[7]), static_cast<int64_t>(v[8].number)});
  return 0;
}
constexpr OpSpec kNormalizeOverTimeOp = {"normalizeOverTime", kNormalizeOverTimeArgs, 9, 23, kNormalizeOverTimeSymbols, 5, kNormalizeOverTimeEquations, 1, true, 0, 8, false, false, false, runNormalizeOverTime, 0x4b337a4c22049d64u};
