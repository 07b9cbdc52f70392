// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kMatmulPrecision[] = {"f32", "bf16"};
constexpr ArgSpec kMatmulArgs[] = {
    tensor<float>("out", symbol(0), symbol(2)).out(),
    tensor<float>("a", symbol(0), symbol(1)),
    tensor<float>("b", symbol(1), symbol(2)),
    choice("precision", kMatmulPrecision),
};
constexpr SymbolSpec kMatmulSymbols[] = {
    solve("M", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
    solve("N", symbol(2), 2, SymbolSpec::cols),
};
double runMatmul(const KernelTable& table, Context& context, const Argument* v) {
  table.matmul(context, {matrix<float>(v[0]), matrix<const float>(v[1]), matrix<const float>(v[2]), static_cast<Precision>(v[3].choice)});
  return 0;
}
constexpr OpSpec kMatmulOp = {"matmul", kMatmulArgs, 4, 10, kMatmulSymbols, 3, nullptr, 0, true, kNone, kNone, false, false, false, runMatmul, 0x2ccf153e81106baau};
