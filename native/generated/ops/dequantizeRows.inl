// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kDequantizeRowsArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<int8_t>("x.codes", symbol(0), symbol(1)).cut(),
    tensor<float>("x.scale", symbol(0), fixed(1)).cut(),
};
constexpr SymbolSpec kDequantizeRowsSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
};
double runDequantizeRows(const KernelTable& table, Context& context, const Argument* v) {
  table.dequantizeRows(context, {matrix<float>(v[0]), matrix<const int8_t>(v[1]), matrix<const float>(v[2])});
  return 0;
}
constexpr OpSpec kDequantizeRowsOp = {"dequantizeRows", kDequantizeRowsArgs, 3, 9, kDequantizeRowsSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runDequantizeRows, 0x583664014f1a7141u};
