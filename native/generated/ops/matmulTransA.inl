// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kMatmulTransAPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulTransAArgs[] = {
    tensor<float>("acc", symbol(1), symbol(2)).update(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(0), symbol(2)),
    choice("precision", kMatmulTransAPrecision),
};
constexpr SymbolSpec kMatmulTransASymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::cols),
};
double runMatmulTransA(const KernelTable& table, Context& context, const Argument* v) {
  table.matmulTransA(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}
constexpr OpSpec kMatmulTransAOp = {"matmulTransA", kMatmulTransAArgs, 4, 10, kMatmulTransASymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmulTransA, 0xa5cfedeb69e6949fu};
