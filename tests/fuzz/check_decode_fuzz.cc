// SPDX-License-Identifier: MIT
//
// The guard and protobuf-c, against C++ protobuf: what they accept C++ accepts
// too, and what they make of it is the same message for C++.
//
// Known to differ, and taken out before comparing: a singular float or double
// of proto3 that is -0 is nothing for protobuf-c. (What they refuse and C++
// takes is of no interest: wrong wire types of known fields, groups, NUL in
// strings, a message to be merged.) The first byte says which type.
#include <google/protobuf/message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>
#include <string>

#include "check_decode.h"
#include "fuzz.h"
#include "tests/fuzz/everything.pb.h"
#include "tests/fuzz/strict.pb.h"

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

bool is_zero(const Message &m, const FieldDescriptor *f) {
  if (f->is_repeated() || f->has_presence()) return false;
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE)
    return m.GetReflection()->GetDouble(m, f) == 0;
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT)
    return m.GetReflection()->GetFloat(m, f) == 0;
  return false;
}

void normalise(Message *m) {
  const auto *r = m->GetReflection();
  std::vector<const FieldDescriptor *> fields;

  r->ListFields(*m, &fields);
  for (const auto *f : fields) {
    if (is_zero(*m, f)) {
      r->ClearField(m, f);
    } else if (f->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (!f->is_repeated()) {
      normalise(r->MutableMessage(m, f));
    } else {
      for (int i = 0; i < r->FieldSize(*m, f); i++)
        normalise(r->MutableRepeatedMessage(m, f, i));
    }
  }
}

std::string canonical(Message *m, const void *data, size_t size) {
  std::string bytes;

  EXPECT(m->ParseFromArray(data, static_cast<int>(size)));
  normalise(m);
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);

    out.SetSerializationDeterministic(true);
    EXPECT(m->SerializeToCodedStream(&out));
  }
  return bytes;
}

std::unique_ptr<Message> make(check_decode_type type) {
  if (type == CHECK_DECODE_STRICT) return std::make_unique<strict::Strict>();
  return std::make_unique<everything::Everything>();
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t *recoded;
  size_t recoded_size;

  if (size == 0) return 0;
  const auto type = static_cast<check_decode_type>(*data % CHECK_DECODE_TYPES);

  data++;
  size--;
  if (!check_decode(type, data, size, &recoded, &recoded_size)) return 0;
  const auto original = make(type), again = make(type);

  EXPECT(canonical(original.get(), data, size) ==
         canonical(again.get(), recoded, recoded_size));
  free(recoded);
  return 0;
}
