// SPDX-License-Identifier: MIT
//
// What reflection finds in descriptors, against what C++ protobuf says is in
// them. The input is a FileDescriptorSet; its last bytes are also looked for as
// a name. Bytes that are none only must not break anything.
#include <google/protobuf/descriptor.pb.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "fuzz.h"

extern "C" {
#include "services/descriptors.h"
}

using namespace google::protobuf;

namespace {

// Deeper than ours looks there may be anything.
constexpr int kDeepest = 60;

void *Resize(void *, void *old, size_t, size_t size) {
  if (size == 0) {
    free(old);
    return nullptr;
  }
  return realloc(old, size);
}

const becket_memory kMemory = {Resize, nullptr};

becket_bytes BytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

struct Names {
  std::set<std::string> all;
  std::multiset<std::pair<std::string, int>> extensions;
  bool is_too_deep = false;

  void Add(const std::string &scope, const std::string &name) {
    all.insert(scope + name);
  }
  void Extend(const std::string &scope, const FieldDescriptorProto &field) {
    Add(scope, field.name());
    if (field.extendee().size() > 1 && field.extendee()[0] == '.')
      extensions.emplace(field.extendee().substr(1), field.number());
  }
  void Enum(const std::string &scope, const EnumDescriptorProto &e) {
    Add(scope, e.name());
    for (const auto &value : e.value()) Add(scope, value.name());
  }
  void Message(const std::string &scope, const DescriptorProto &m, int depth) {
    const std::string inner = scope + m.name() + ".";

    if (depth > kDeepest) is_too_deep = true;
    Add(scope, m.name());
    for (const auto &field : m.field()) Add(inner, field.name());
    for (const auto &oneof : m.oneof_decl()) Add(inner, oneof.name());
    for (const auto &e : m.extension()) Extend(inner, e);
    for (const auto &e : m.enum_type()) Enum(inner, e);
    for (const auto &n : m.nested_type()) Message(inner, n, depth + 1);
  }
  void File(const FileDescriptorProto &file) {
    const std::string scope =
        file.package().empty() ? "" : file.package() + ".";

    for (const auto &m : file.message_type()) Message(scope, m, 0);
    for (const auto &e : file.enum_type()) Enum(scope, e);
    for (const auto &e : file.extension()) Extend(scope, e);
    for (const auto &service : file.service()) {
      Add(scope, service.name());
      for (const auto &method : service.method())
        Add(scope + service.name() + ".", method.name());
    }
  }
};

void Find(const descriptors *d, const std::string &name, bool is_there) {
  // A thing without a name is in no .proto.
  if (name.empty() || name.back() == '.') return;
  const descriptor_file *file =
      descriptors_find_symbol(d, DESCRIPTORS_ANY_SET, BytesOf(name));

  EXPECT((file != nullptr) == is_there);
  if (file == nullptr) return;
  std::vector<becket_bytes> files(d->count);
  size_t count = descriptors_closure(d, file, files.data());

  EXPECT(count >= 1 && count <= d->count);
  EXPECT(files[0].data == file->bytes.data);
}

void Compare(const FileDescriptorSet &set, const std::string &last) {
  const std::string bytes = set.SerializeAsString();
  descriptors d = descriptors_empty(&kMemory);
  Names names;

  EXPECT(descriptors_add(&d, BytesOf(bytes), false) == BECKET_S_OK);
  std::set<std::string> seen;
  for (const auto &file : set.file()) {
    const std::string one = file.SerializeAsString();
    if (!one.empty() && seen.insert(one).second) names.File(file);
    if (!one.empty())
      EXPECT(descriptors_find_file(&d, BytesOf(file.name())) != nullptr);
  }
  EXPECT(d.count == seen.size());
  if (!names.is_too_deep) {
    for (const auto &name : names.all) Find(&d, name, true);
    Find(&d, last, names.all.count(last) > 0);
    for (const auto &e : names.extensions)
      EXPECT(descriptors_find_extension(&d, BytesOf(e.first), e.second));
    for (const auto &e : names.extensions) {
      size_t count = 0;
      for (const auto &other : names.extensions)
        count += other.first == e.first;
      EXPECT(descriptors_extensions(&d, BytesOf(e.first), nullptr, 0) ==
             count);
    }
  }
  // The same again is kept once, and found in front.
  EXPECT(descriptors_add(&d, BytesOf(bytes), true) == BECKET_S_OK);
  EXPECT(d.count == 2 * seen.size());
  for (size_t i = 0; i < seen.size(); i++)
    EXPECT(d.files[i].bytes.data == d.files[i + seen.size()].bytes.data &&
           d.files[i].is_copy && !d.files[i + seen.size()].is_copy);
  for (const auto &name : names.all)
    if (!names.is_too_deep) Find(&d, name, true);
  descriptors_fini(&d);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string all(reinterpret_cast<const char *>(data), size);
  const std::string last = all.substr(size > 12 ? size - 12 : 0);
  descriptors d = descriptors_empty(&kMemory);
  FileDescriptorSet set;

  (void)!descriptors_add(&d, BytesOf(all), false);
  (void)descriptors_find_symbol(&d, DESCRIPTORS_ANY_SET, BytesOf(last));
  (void)descriptors_extensions(&d, BytesOf(last), nullptr, 0);
  descriptors_fini(&d);
  if (set.ParsePartialFromString(all)) {
    set.DiscardUnknownFields();
    Compare(set, last);
  }
  return 0;
}
