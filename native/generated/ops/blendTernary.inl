// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr ArgSpec kBlendTernaryArgs[] = {
    tensor<float>("out", symbol(0), symbol(1)).out(),
    tensor<int8_t>("w.codes", symbol(0), symbol(1)),
    tensor<float>("w.scale", fixed(1), fixed(1)),
    tensor<float>("w.rowScale", symbol(0), fixed(1)).optional(),
    tensor<uint8_t>("w.packed", fixed(1), fixed(0)).packs(1),
    tensor<float>("master", symbol(0), symbol(1)).optional(),
    scalar("share"),
};
constexpr SymbolSpec kBlendTernarySymbols[] = {
    solve("N", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
};
double runBlendTernary(const KernelTable& table, Context& context, const Argument* v) {
  table.blendTernary(context, {matrix<float>(v[0]), matrix<const int8_t>(v[1]), matrix<const float>(v[2]), matrix<const float>(v[3]), matrix<const uint8_t>(v[4]), matrix<const float>(v[5]), v[6].number});
  return 0;
}
constexpr OpSpec kBlendTernaryOp = {"blendTernary", kBlendTernaryArgs, 7, 19, kBlendTernarySymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runBlendTernary, 0xe16fd0b430e5c39bu};
