// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kMatmulTransBPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulTransBArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(2), symbol(1)),
    choice("precision", kMatmulTransBPrecision),
};
constexpr SymbolSpec kMatmulTransBSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::rows),
};
double runMatmulTransB(const KernelTable& table, Context& context, const Argument* v) {
  table.matmulTransB(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}
constexpr OpSpec kMatmulTransBOp = {"matmulTransB", kMatmulTransBArgs, 4, 10, kMatmulTransBSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmulTransB, 0x758ab1f0b89ca856u};
