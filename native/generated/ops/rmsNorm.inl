// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kRmsNormArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out().cut(),
    tensor<float>("outRstd", symbol(0), fixed(1)).out().cut(),
    tensor<float>("x", symbol(0), symbol(1)).cut(),
    tensor<float>("gain", fixed(1), symbol(1)).optional(),
    scalar("eps"),
};
constexpr SymbolSpec kRmsNormSymbols[] = {
    solve("M", symbol(0), 2, SymbolSpec::rows),
    solve("D", symbol(1), 2, SymbolSpec::cols),
};
double runRmsNorm(const KernelTable& table, Context& context, const Argument* v) {
  table.rmsNorm(context, {matrix<float>(v[0]), matrix<float>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), v[4].number});
  return 0;
}
constexpr OpSpec kRmsNormOp = {"rmsNorm", kRmsNormArgs, 5, 13, kRmsNormSymbols, 2, nullptr, 0, true, 0, kNone, false, false, false, runRmsNorm, 0xc861651880075bc2u};
