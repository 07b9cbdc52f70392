// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kQuantizeWeightRowsRule[] = {"absmean", "absmedian"};
constexpr ArgSpec kQuantizeWeightRowsArgs[] = {
    tensor<int8_t>("outCodes", symbol(0), symbol(1)).out(),
    tensor<float>("outRowScale", symbol(0), fixed(1)).out(),
    tensor<float>("w", symbol(0), symbol(1)),
    choice("rule", kQuantizeWeightRowsRule),
};
constexpr SymbolSpec kQuantizeWeightRowsSymbols[] = {
    solve("N", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
};
double runQuantizeWeightRows(const KernelTable& table, Context& context, const Argument* v) {
  table.quantizeWeightRows(context, {matrix<int8_t>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<QuantizeWeightRowsRule>(v[3].choice)});
  return 0;
}
constexpr OpSpec kQuantizeWeightRowsOp = {"quantizeWeightRows", kQuantizeWeightRowsArgs, 4, 10, kQuantizeWeightRowsSymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runQuantizeWeightRows, 0x388fdcafaa2c2944u};
