// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kAttentionGradArgs[] = {
    tensor<float>("outDqk", symbol(0), sum("K*E", term(1, 3, 2))).out().cut(),
    tensor<float>("outDx", symbol(0), sum("W*E", term(1, 4, 2))).update().cut(),
    tensor<float>("outDgain", symbol(0), symbol(1)).out().optional().cut(),
    tensor<float>("dy", symbol(0), sum("H*E", term(1, 1, 2))).cut(),
    tensor<float>("qk", symbol(0), sum("K*E", term(1, 3, 2))).cut(),
    tensor<float>("x", symbol(0), sum("W*E", term(1, 4, 2))).cut(),
    tensor<float>("y", symbol(0), sum("H*E", term(1, 1, 2))).cut(),
    tensor<float>("lse", symbol(0), symbol(1)).cut(),
    tensor<float>("gain", fixed(1), symbol(1)).optional(),
    scalar("kvHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("window").wholeNumber(0),
    scalar("cap"),
    scalar("rate"),
    scalar("seed").wholeNumber(0),
    scalar("step").wholeNumber(0),
    scalar("stream").wholeNumber(0),
    tensor<int32_t>("sequence", symbol(8), fixed(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(7),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kAttentionGradSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("H", symbol(1), 7, SymbolSpec::cols),
    solve("E", sum("H*E", term(1, 1, 2)), 3, SymbolSpec::cols),
    solve("K", sum("K*E", term(1, 3, 2)), 4, SymbolSpec::cols),
    solve("W", sum("W*E", term(1, 4, 2)), 5, SymbolSpec::cols),
    solve("G", symbol(5), 9, SymbolSpec::number),
    solve("R", symbol(6), 10, SymbolSpec::number),
    solve("T", symbol(7), 19, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 8, 7)), symbol(0)),
};
constexpr EquationSpec kAttentionGradEquations[] = {
    {0, sum("S*T", term(1, 8, 7))},
    {1, sum("G*R", term(1, 5, 6))},
    {3, sum("G*R+G", term(1, 5, 6), term(1, 5))},
    {4, sum("G*R+2*G", term(1, 5, 6), term(2, 5))},
};
double runAttentionGrad(const KernelTable& table, Context& context, const Argument* v) {
  table.attentionGrad(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), matrix<const float>(v[7]), matrix<const float>(v[8]), static_cast<int64_t>(v[9].number), static_cast<int64_t>(v[10].number), static_cast<int64_t>(v[11].number), v[12].number, v[13].number, static_cast<int64_t>(v[14].number), static_cast<int64_t>(v[15].number), static_cast<int64_t>(v[16].number), matrix<const int32_t>(v[17]), matrix<const int32_t>(v[18]), static_cast<int64_t>(v[19].number)});
  return 0;
}
constexpr OpSpec kAttentionGradOp = {"attentionGrad", kAttentionGradArgs, 20, 42, kAttentionGradSymbols, 9, kAttentionGradEquations, 4, true, 0, 19, false, false, false, runAttentionGrad, 0x11c8736c5685469du};
