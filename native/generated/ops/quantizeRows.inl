// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kQuantizeRowsRule[] = {"ternary", "ternary-mse", "int8"};
constexpr ArgSpec kQuantizeRowsArgs[] = {
    tensor<int8_t>("outCodes", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outScale", symbol(0), fixed(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    choice("rule", kQuantizeRowsRule),
};
constexpr SymbolSpec kQuantizeRowsSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("K", symbol(1), 2, SymbolSpec::cols),
};
double runQuantizeRows(const KernelTable& table, Context& context, const Argument* v) {
  table.quantizeRows(context, {matrix<int8_t>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), static_cast<QuantizeRowsRule>(v[3].choice)});
  return 0;
}
constexpr OpSpec kQuantizeRowsOp = {"quantizeRows", kQuantizeRowsArgs, 4, 10, kQuantizeRowsSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runQuantizeRows, 0x1ef0351c59781c25u};
