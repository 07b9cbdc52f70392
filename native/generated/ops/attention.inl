// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kAttentionArgs[] = {
    tensor<float>("out", symbol(0), sum("H*E", term(1, 5, 7))).out().cut(),
    tensor<float>("outLse", symbol(0), symbol(5)).out().cut(),
    tensor<float>("keys", sum("S*G*E", term(1, 4, 1, 7)), symbol(9)).update().cut(),
    tensor<float>("values", sum("S*P", term(1, 4, 9)), sum("G*E", term(1, 1, 7))).update().cut(),
    tensor<float>("qk", symbol(0), sum("K*E", term(1, 6, 7))).cut(),
    tensor<float>("x", symbol(0), sum("W*E", term(1, 8, 7))).cut(),
    tensor<float>("gain", fixed(1), symbol(5)).optional(),
    tensor<int32_t>("position", symbol(4), fixed(1)).cut(),
    scalar("kvHeads").wholeNumber(1),
    scalar("group").wholeNumber(1),
    scalar("window").wholeNumber(0),
    scalar("cap"),
    scalar("rate"),
    scalar("seed").wholeNumber(0),
    scalar("step").wholeNumber(0),
    scalar("stream").wholeNumber(0),
    tensor<int32_t>("sequence", symbol(4), fixed(1)).cut(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(3),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kAttentionSymbols[] = {
    solve("M", symbol(0), 4, SymbolSpec::rows),
    solve("G", symbol(1), 8, SymbolSpec::number),
    solve("R", symbol(2), 9, SymbolSpec::number),
    solve("T", symbol(3), 18, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
    solve("H", symbol(5), sum("G*R", term(1, 1, 2))),
    solve("K", symbol(6), sum("G*R+G", term(1, 1, 2), term(1, 1))),
    solve("E", sum("K*E", term(1, 6, 7)), 4, SymbolSpec::cols),
    solve("W", sum("W*E", term(1, 8, 7)), 5, SymbolSpec::cols),
    solve("P", symbol(9), 2, SymbolSpec::cols),
};
constexpr EquationSpec kAttentionEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
    {5, sum("G*R", term(1, 1, 2))},
    {6, sum("G*R+G", term(1, 1, 2), term(1, 1))},
    {8, sum("G*R+2*G", term(1, 1, 2), term(2, 1))},
};
double runAttention(const KernelTable& table, Context& context, const Argument* v) {
  table.attention(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), matrix<const float>(v[6]), matrix<const int32_t>(v[7]), static_cast<int64_t>(v[8].number), static_cast<int64_t>(v[9].number), static_cast<int64_t>(v[10].number), v[11].number, v[12].number, static_cast<int64_t>(v[13].number), static_cast<int64_t>(v[14].number), static_cast<int64_t>(v[15].number), matrix<const int32_t>(v[16]), matrix<const int32_t>(v[17]), static_cast<int64_t>(v[18].number)});
  return 0;
}
constexpr OpSpec kAttentionOp = {"attention", kAttentionArgs, 19, 39, kAttentionSymbols, 10, kAttentionEquations, 4, true, 0, 18, false, false, false, runAttention, 0x8acb5d81d455f119u};
