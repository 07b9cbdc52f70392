// Generated from src/core/ops/table.ts by native/generate.ts: do not edit.
constexpr const char* kPackTernaryPrecision[] = {"f32", "bf16", "int8"};
constexpr ArgSpec kPackTernaryArgs[] = {
    tensor<uint8_t>("outPacked", fixed(1), fixed(0)).out().packs(1),
    tensor<int8_t>("codes", symbol(0), symbol(1)),
    choice("precision", kPackTernaryPrecision),
};
constexpr SymbolSpec kPackTernarySymbols[] = {
    solve("N", symbol(0), 1, SymbolSpec::rows),
    solve("K", symbol(1), 1, SymbolSpec::cols),
};
double runPackTernary(const KernelTable& table, Context& context, const Argument* v) {
  table.packTernary(context, {matrix<uint8_t>(v[0]), matrix<const int8_t>(v[1]), static_cast<Precision>(v[2].choice)});
  return 0;
}
constexpr OpSpec kPackTernaryOp = {"packTernary", kPackTernaryArgs, 3, 7, kPackTernarySymbols, 2, nullptr, 0, true, kNone, kNone, false, false, false, runPackTernary, 0xeb5cca470a599d3du};
