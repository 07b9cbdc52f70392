// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kCausalConvArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("state", sum("S*P", term(1, 4, 2)), symbol(1)).update().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("w", sum("P+1", term(1, 2), term(1)), symbol(1)),
    tensor<float>("bias", fixed(1), symbol(1)).optional(),
    tensor<int32_t>("starts", symbol(0), fixed(1)).optional().cut().below(3),
    scalar("seqLen").wholeNumber(1),
};
constexpr SymbolSpec kCausalConvSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
    solve("P", sum("P+1", term(1, 2), term(1)), 3, SymbolSpec::rows).within(1, 7),
    solve("T", symbol(3), 6, SymbolSpec::number),
    solve("S", sum("S*T", term(1, 4, 3)), symbol(0)),
};
constexpr EquationSpec kCausalConvEquations[] = {
    {0, sum("S*T", term(1, 4, 3))},
};
double runCausalConv(const KernelTable& table, Context& context, const Argument* v) {
  table.causalConv(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const int32_t>(v[5]), static_cast<int64_t>(v[6].number)});
  return 0;
}
constexpr OpSpec kCausalConvOp = {"causalConv", kCausalConvArgs, 7, 19, kCausalConvSymbols, 5, kCausalConvEquations, 1, true, 0, 6, false, false, false, runCausalConv, 0x5d39b0b8dc4480b7u};
