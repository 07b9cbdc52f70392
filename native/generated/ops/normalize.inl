// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kNormalizeArgs[] = {
    tensor<float>("out", symbol(0), sum("G*E", term(1, 1, 2))).out().cut(),
    tensor<float>("outMean", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outRstd", symbol(0), symbol(1)).out().cut(),
    tensor<float>("x", symbol(0), sum("G*E", term(1, 1, 2))).cut(),
    tensor<float>("gain", fixed(1), sum("G*E", term(1, 1, 2))).optional(),
    tensor<float>("bias", fixed(1), sum("G*E", term(1, 1, 2))).optional(),
    scalar("eps"),
};
constexpr SymbolSpec kNormalizeSymbols[] = {
    solve("M", symbol(0), 3, SymbolSpec::rows),
    solve("G", symbol(1), 1, SymbolSpec::cols),
    solve("E", sum("G*E", term(1, 1, 2)), 3, SymbolSpec::cols),
};
double runNormalize(const KernelTable& table, Context& context, const Argument* v) {
  table.normalize(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<float>(v[2]), matrix<const float>(v[3]), matrix<const float>(v[4]), matrix<const float>(v[5]), v[6].number});
  return 0;
}
constexpr OpSpec kNormalizeOp = {"normalize", kNormalizeArgs, 7, 19, kNormalizeSymbols, 3, nullptr, 0, true, 0, kNone, false, false, false, runNormalize, 0x1e5274ed37f53d80u};
