-- What all files that becketc --emit wireshark makes have in common: the first
-- that is loaded brings it, the others find it there. It follows DCE/RPC calls
-- of interfaces that it has been told of, in our transfer syntax and in the
-- envelope of NDR (PROTOCOL.md sections 2 and 3), and decodes their messages;
-- gRPC's dissector is told of the messages of its paths. No field is looked at
-- but what Wireshark's DCE/RPC finds to be a PDU.
local becket = _G.becket
if becket == nil then
	becket = { messages = {}, enums = {}, interfaces = {} }
	_G.becket = becket

	local OURS = "857a7d2a-712b-415f-8668-f858323b0a44"
	local NDR = "8a885d04-1ceb-11c9-9fe8-08002b104860"
	local REQUEST, RESPONSE, FAULT = 0, 2, 3
	local BIND, BIND_ACK, ALTER, ALTER_RESP = 11, 12, 14, 15
	local DEPTH = 100 -- as runtimes have it
	local FIRST, LAST, OBJECT = 0x01, 0x02, 0x80

	local proto = Proto("becket", "Becket")
	local fields = {
		operation = ProtoField.string("becket.operation", "Operation"),
		interface = ProtoField.string("becket.interface", "Interface"),
		kind = ProtoField.string("becket.kind", "Kind"),
		stream = ProtoField.bool("becket.stream", "Stream"),
		status = ProtoField.uint32("becket.status", "Status", base.HEX),
		malformed = ProtoField.string("becket.malformed", "Malformed"),
	}
	proto.fields = fields

	-------------------------------------------------- messages --

	local makers = {
		double = "double", float = "float", int32 = "int32",
		sint32 = "int32", sfixed32 = "int32", enum = "int32",
		uint32 = "uint32", fixed32 = "uint32", int64 = "int64",
		sint64 = "int64", sfixed64 = "int64", uint64 = "uint64",
		fixed64 = "uint64", bool = "bool", string = "string",
		bytes = "bytes", message = "none",
	}

	local function make_field(name, field)
		local path = name .. "." .. field.name
		local kind = makers[field.type]
		if field.type == "enum" then
			return ProtoField.int32(path, field.name, base.DEC,
			    becket.enums[field.of])
		end
		return ProtoField[kind](path, field.name)
	end

	-- A protocol for each message, which gRPC's dissector can call.
	local function make_message(name, message)
		local fields = {}
		for number, field in pairs(message.fields) do
			field.proto = make_field(name, field)
			fields[number] = field.proto
		end
		message.name = name
		message.proto = Proto("becket." .. name:lower(), name)
		message.proto.fields = fields
		message.proto.dissector = function(range, pinfo, tree)
			local inner = tree:add(message.proto, range())
			becket.decode(range:range(), message, inner, 0)
		end
		becket.messages[name] = message
	end

	-- Two halves, as Lua's numbers do not hold 64 bits; and what follows.
	local function varint(range, at)
		local low, high, shift = 0, 0, 0
		while at < range:len() and shift < 70 do
			local byte = range(at, 1):uint()
			local bits = byte % 128
			at = at + 1
			if shift < 28 then
				low = low + bits * 2 ^ shift
			elseif shift == 28 then
				low = low + bits % 16 * 2 ^ 28
				high = math.floor(bits / 16)
			elseif shift < 63 then
				high = high + bits * 2 ^ (shift - 32)
			else
				high = high + bits % 2 * 2 ^ 31
			end
			shift = shift + 7
			if byte < 128 then
				return at, low, high
			end
		end
	end

	local function zigzag(low, high)
		local odd = low % 2
		low = math.floor(low / 2) + high % 2 * 2 ^ 31
		high = math.floor(high / 2)
		if odd == 1 then
			low, high = 2 ^ 32 - 1 - low, 2 ^ 32 - 1 - high
		end
		return low, high
	end

	local function signed(low)
		return low < 2 ^ 31 and low or low - 2 ^ 32
	end

	local integers = {
		int32 = function(low) return signed(low) end,
		enum = function(low) return signed(low) end,
		uint32 = function(low) return low end,
		bool = function(low, high) return low + high ~= 0 end,
		sint32 = function(low, high) return signed(zigzag(low, high)) end,
		int64 = function(low, high) return Int64.new(low, high) end,
		uint64 = function(low, high) return UInt64.new(low, high) end,
		sint64 = function(low, high)
			return Int64.new(zigzag(low, high))
		end,
	}

	local fixed = {
		fixed32 = { 4, function(range) return range:le_uint() end },
		sfixed32 = { 4, function(range) return range:le_int() end },
		float = { 4, function(range) return range:le_float() end },
		fixed64 = { 8, function(range) return range:le_uint64() end },
		sfixed64 = { 8, function(range) return range:le_int64() end },
		double = { 8, function(range) return range:le_float() end },
	}

	-- A value of a type that is no length's; returns what follows.
	local function add_scalar(field, range, at, tree, start)
		if fixed[field.type] ~= nil then
			local size, get = table.unpack(fixed[field.type])
			if at + size > range:len() then
				return nil
			end
			tree:add(field.proto, range(start, at + size - start),
			    get(range(at, size)))
			return at + size
		end
		local after, low, high = varint(range, at)
		if after ~= nil then
			tree:add(field.proto, range(start, after - start),
			    integers[field.type](low, high))
		end
		return after
	end

	local function add_packed(field, range, tree)
		local at = 0
		while at ~= nil and at < range:len() do
			at = add_scalar(field, range, at, tree, at)
		end
		return at ~= nil
	end

	-- What has a length: head is before its value. false: malformed.
	local function add_sized(field, range, at, head, size, tree, depth)
		local value = size > 0 and range(head, size) or nil
		local whole = range(at, head + size - at)
		if field.type == "message" then
			local inner = tree:add(field.proto, whole)
			inner:append_text(" " .. field.of)
			if value ~= nil then
				becket.decode(value, becket.messages[field.of],
				    inner, depth + 1)
			end
		elseif field.type == "string" then
			tree:add(field.proto, whole, value == nil and "" or
			    value:string(ENC_UTF_8))
		elseif field.type == "bytes" then
			if value == nil then
				tree:add(field.proto, whole,
				    ByteArray.new("")):append_text(" (empty)")
			else
				tree:add(field.proto, value)
			end
		else
			return value == nil or add_packed(field, value, tree)
		end
		return true
	end

	local wire_types = {
		double = 1, fixed64 = 1, sfixed64 = 1, float = 5, fixed32 = 5,
		sfixed32 = 5, message = 2, string = 2, bytes = 2,
	}

	-- The end of a value of this wire type, and where it begins.
	local function extent(range, at, wire)
		local head, low = at, 0
		if wire == 0 then
			at = varint(range, at)
			return at, head
		elseif wire == 1 or wire == 5 then
			low = wire == 1 and 8 or 4
		elseif wire == 2 then
			head, low = varint(range, at)
		else
			return nil
		end
		if head == nil or head + low > range:len() then
			return nil
		end
		return head + low, head
	end

	local function decode_field(message, range, at, tree, depth)
		local after, tag = varint(range, at)
		if after == nil then
			return nil
		end
		local wire, number = tag % 8, math.floor(tag / 8)
		local field = message.fields[number]
		local stop, head = extent(range, after, wire)
		if stop == nil then
			return nil
		end
		if field == nil then
			tree:add(range(at, stop - at),
			    string.format("unknown field %d", number))
		elseif wire == 2 and (wire_types[field.type] == 2 or
		    field.repeated) then
			if not add_sized(field, range, at, head, stop - head,
			    tree, depth) then
				return nil
			end
		elseif wire ~= (wire_types[field.type] or 0) then
			return nil
		else
			add_scalar(field, range, after, tree, at)
		end
		return stop
	end

	-- The message in range, under tree, within depth others.
	function becket.decode(range, message, tree, depth)
		local at = 0
		while at < range:len() do
			local after = depth <= DEPTH and
			    decode_field(message, range, at, tree, depth)
			if not after then
				tree:add(fields.malformed, range(at),
				    "no " .. message.name .. " from here on")
				return
			end
			at = after
		end
	end

	--------------------------------------------------- what it knows --

	local function add_paths(interface)
		local types = DissectorTable.get("grpc_message_type")
		for _, operation in pairs(interface.operations) do
			local path = "application/grpc,/" .. interface.name ..
			    "/" .. operation.name
			types:add(path .. ",request",
			    becket.messages[operation.request].proto)
			types:add(path .. ",response",
			    becket.messages[operation.response].proto)
		end
	end

	-- What a generated file calls.
	function becket.add(file)
		for name, enum in pairs(file.enums) do
			becket.enums[name] = enum
		end
		for name, message in pairs(file.messages) do
			if becket.messages[name] == nil then
				make_message(name, message)
			end
		end
		for _, interface in ipairs(file.interfaces) do
			local key = interface.uuid .. " " .. interface.major
			becket.interfaces[key] = interface
			pcall(add_paths, interface)
		end
	end

	becket.add({
		enums = {},
		interfaces = {},
		messages = {
			["becket.wire.CallHeader.Entry"] = { fields = {
				[1] = { name = "key", type = "string" },
				[2] = { name = "value", type = "bytes" },
			} },
			["becket.wire.CallHeader"] = { fields = {
				[1] = { name = "remaining_us", type = "uint64" },
				[2] = { name = "metadata", type = "message",
					of = "becket.wire.CallHeader.Entry",
					repeated = true },
				[3] = { name = "trailer", type = "message",
					of = "becket.wire.Trailer" },
			} },
			["becket.wire.Trailer"] = { fields = {
				[2] = { name = "metadata", type = "message",
					of = "becket.wire.CallHeader.Entry",
					repeated = true },
			} },
			["becket.wire.Status.Any"] = { fields = {
				[1] = { name = "type_url", type = "string" },
				[2] = { name = "value", type = "bytes" },
			} },
			["becket.wire.Status"] = { fields = {
				[1] = { name = "code", type = "uint32" },
				[2] = { name = "message", type = "string" },
				[3] = { name = "details", type = "message",
					of = "becket.wire.Status.Any",
					repeated = true },
				[4] = { name = "header", type = "message",
					of = "becket.wire.CallHeader" },
			} },
		},
	})

	---------------------------------------------------------- PDUs --

	-- A PDU, with integers as its data representation says.
	local function read(range, at, size, little)
		if at + size > range:len() then
			return 0
		end
		return little and range(at, size):le_uint() or
		    range(at, size):uint()
	end

	local function read_uuid(range, at, little)
		local text = string.format("%08x-%04x-%04x-",
		    read(range, at, 4, little), read(range, at + 4, 2, little),
		    read(range, at + 6, 2, little))
		local rest = tostring(range(at + 8, 8):bytes()):lower()
		return text .. rest:sub(1, 4) .. "-" .. rest:sub(5)
	end

	local function read_header(range)
		if range:len() < 24 then
			return nil
		end
		local little = range(4, 1):uint() >= 16
		return {
			range = range,
			little = little,
			type = range(2, 1):uint(),
			flags = range(3, 1):uint(),
			size = read(range, 8, 2, little),
			auth = read(range, 10, 2, little),
			call = read(range, 12, 4, little),
			context = read(range, 20, 2, little),
			opnum = read(range, 22, 2, little),
		}
	end

	local function flag(pdu, bit)
		return math.floor(pdu.flags / bit) % 2 == 1
	end

	-- Its part of the stub data, as bytes of its own.
	local function stub(pdu)
		local at = pdu.type == FAULT and 32 or 24
		local stop = math.min(pdu.size, pdu.range:len())
		if pdu.type == REQUEST and flag(pdu, OBJECT) then
			at = at + 16
		end
		if pdu.auth > 0 and stop > pdu.auth + 8 then
			local trailer = stop - pdu.auth - 8
			stop = trailer - pdu.range(trailer + 2, 1):uint()
		end
		return at < stop and pdu.range(at, stop - at):bytes() or
		    ByteArray.new("")
	end

	---------------------------------------------- what has been seen --

	-- By number of TCP connection: contexts, offered and agreed on, and calls.
	local connections
	-- By number of frame: what it completes, for when it is shown again.
	local shown

	function proto.init()
		connections, shown = {}, {}
	end

	local function offer(connection, pdu)
		local range, little, at = pdu.range, pdu.little, 28
		local list = {}
		for i = 1, range(24, 1):uint() do
			if at + 24 > range:len() then
				break
			end
			local syntaxes = range(at + 2, 1):uint()
			list[i] = {
				id = read(range, at, 2, little),
				interface = becket.interfaces[
				    read_uuid(range, at + 4, little) .. " " ..
				    string.format("%d",
				    read(range, at + 20, 2, little))],
			}
			at = at + 24 + 20 * syntaxes
		end
		connection.offers[pdu.call] = list
	end

	local function agree(connection, pdu)
		local range, little = pdu.range, pdu.little
		local list = connection.offers[pdu.call] or {}
		local at = 26 + read(range, 24, 2, little)
		at = at + (4 - at % 4) % 4 + 4
		for _, context in ipairs(list) do
			if at + 24 > range:len() then
				break
			end
			if read(range, at, 2, little) == 0 then
				context.syntax = read_uuid(range, at + 4, little)
				connection.contexts[context.id] = context
			end
			at = at + 24
		end
	end

	local kinds = { [REQUEST] = "request", [RESPONSE] = "response",
		[FAULT] = "fault" }

	-- An item to show in this frame.
	local function show(items, way, kind, message, bytes)
		items[#items + 1] = {
			interface = way.interface,
			operation = way.operation,
			stream = way.is_stream,
			kind = kind,
			message = message,
			bytes = bytes,
		}
	end

	local function tail(bytes, from)
		return from < bytes:len() and
		    bytes:subset(from, bytes:len() - from) or ByteArray.new("")
	end

	-- As varint() above, but of bytes, and small.
	local function small(bytes, at)
		local value, factor = 0, 1
		while at < bytes:len() and factor < 2 ^ 50 do
			local byte = bytes:get_index(at)
			value = value + byte % 128 * factor
			factor = factor * 128
			at = at + 1
			if byte < 128 then
				return at, value
			end
		end
	end

	local function part(bytes, at, size)
		return size > 0 and bytes:subset(at, size) or ByteArray.new("")
	end

	-- Flags and call header; what follows them, or nil: it is not all there.
	local function take_head(items, way, bytes)
		if bytes:len() == 0 then
			return nil
		end
		local head, at = bytes:get_index(0), 1
		if head % 2 == 1 then
			local after, size = small(bytes, 1)
			if after == nil or after + size > bytes:len() then
				return nil
			end
			if size > 0 then
				show(items, way, "call header",
				    "becket.wire.CallHeader",
				    part(bytes, after, size))
			end
			at = after + size
		end
		return tail(bytes, at)
	end

	-- Items of a stream, as far as they are whole.
	local function take_items(items, way, bytes, ended)
		while bytes:len() > 0 do
			local after, size = small(bytes, 0)
			if size == 0 and not ended then
				return bytes
			elseif size == 0 then
				show(items, way, "trailer", "becket.wire.Trailer",
				    tail(bytes, after))
				return ByteArray.new("")
			elseif after == nil or
			    after + size - 1 > bytes:len() then
				return bytes
			end
			show(items, way, "message", way.message,
			    part(bytes, after, size - 1))
			bytes = tail(bytes, after + size - 1)
		end
		return bytes
	end

	-- The envelope: its sizes, and in responses a referent between them.
	local function take_envelope(items, way, bytes, little)
		local before = way.is_request and 8 or 12
		if bytes:len() < before then
			return
		end
		local size = bytes:tvb("sizes"):range(0, 4)
		size = little and size:le_uint() or size:uint()
		show(items, way, "message", way.message, part(bytes, before,
		    math.min(size, bytes:len() - before)))
	end

	-- One direction of a call has got more.
	local function take(items, way, pdu, bytes)
		local ended = flag(pdu, LAST)
		way.bytes:append(bytes)
		if way.syntax == NDR then
			if ended then
				take_envelope(items, way, way.bytes, pdu.little)
			end
		elseif way.operation.is_stream then
			if not way.begun then
				local rest = take_head(items, way, way.bytes)
				if rest == nil then
					return
				end
				way.begun, way.bytes = true, rest
			end
			way.bytes = take_items(items, way, way.bytes, ended)
		elseif ended then
			local rest = take_head(items, way, way.bytes)
			if rest ~= nil then
				show(items, way, "message", way.message, rest)
			end
		end
	end

	local function new_way(call, pdu)
		local is_request = pdu.type == REQUEST
		return {
			bytes = ByteArray.new(""),
			interface = call.interface,
			operation = call.operation,
			syntax = call.syntax,
			is_stream = call.operation.is_stream,
			is_request = is_request,
			message = is_request and call.operation.request or
			    call.operation.response,
		}
	end

	-- A piece of a call: what it belongs to, or nil.
	local function piece(connection, pdu)
		local call = connection.calls[pdu.call]
		if pdu.type == REQUEST and flag(pdu, FIRST) then
			local context = connection.contexts[pdu.context]
			local interface = context and context.interface
			local operation = interface and
			    interface.operations[pdu.opnum]
			call = operation and {
				interface = interface,
				operation = operation,
				syntax = context.syntax,
			}
			connection.calls[pdu.call] = call
		end
		if call ~= nil then
			local kind = kinds[pdu.type]
			if flag(pdu, FIRST) or call[kind] == nil then
				call[kind] = new_way(call, pdu)
			end
			return call[kind]
		end
	end

	local function take_fault(items, way, pdu, bytes)
		local status = read(pdu.range, 24, 4, pdu.little)
		way.bytes:append(bytes)
		if flag(pdu, LAST) then
			show(items, way, "fault", "becket.wire.Status",
			    way.syntax == OURS and way.bytes or nil)
			items[#items].status = status
		end
	end

	-- What a PDU says, as items to show, at most one of them for a piece that
	-- completes nothing.
	local function follow(connection, pdu)
		local items = {}
		if pdu.type == BIND or pdu.type == ALTER then
			offer(connection, pdu)
		elseif pdu.type == BIND_ACK or pdu.type == ALTER_RESP then
			agree(connection, pdu)
		elseif kinds[pdu.type] ~= nil then
			local way = piece(connection, pdu)
			if way ~= nil and pdu.type == FAULT then
				take_fault(items, way, pdu, stub(pdu))
			elseif way ~= nil then
				take(items, way, pdu, stub(pdu))
			end
			items.way = way
			items.kind = kinds[pdu.type]
		end
		return items
	end

	---------------------------------------------------------- output --

	local function add_item(item, tree, name)
		local range = item.bytes and item.bytes:len() > 0 and
		    item.bytes:tvb(item.message):range() or nil
		local text = item.kind .. " " .. item.message
		local inner
		if item.status ~= nil then
			tree:add(fields.status, item.status)
		end
		if range == nil then
			tree:add(proto):set_text(text .. " (empty)")
			return
		end
		inner = tree:add(range, text)
		becket.decode(range, becket.messages[item.message], inner, 0)
	end

	local function add_pdu(items, pinfo, root, range)
		local way = items.way
		local name = way.interface.name .. "." .. way.operation.name
		local tree = root:add(proto, range)
		tree:set_text("Becket " .. name .. " " .. items.kind)
		tree:add(fields.interface, way.interface.name):set_generated()
		tree:add(fields.operation, way.operation.name):set_generated()
		tree:add(fields.kind, items.kind):set_generated()
		if way.is_stream then
			tree:add(fields.stream, true):set_generated()
		end
		for _, item in ipairs(items) do
			add_item(item, tree, name)
		end
		pinfo.cols.info:append(" " .. name)
	end

	local get_pdus = Field.new("dcerpc")
	local get_stream = Field.new("tcp.stream")

	local function connection_of(number)
		if connections[number] == nil then
			connections[number] = { offers = {}, contexts = {},
				calls = {} }
		end
		return connections[number]
	end

	function proto.dissector(_, pinfo, root)
		local stream = get_stream()
		local frame = shown[pinfo.number] or {}
		if stream == nil then
			return
		end
		for i, found in ipairs({ get_pdus() }) do
			local range = found.range
			if frame[i] == nil then
				local pdu = read_header(range)
				frame[i] = pdu and follow(connection_of(
				    stream.value), pdu) or {}
			end
			if frame[i].way ~= nil then
				add_pdu(frame[i], pinfo, root, range)
			end
		end
		shown[pinfo.number] = frame
	end

	register_postdissector(proto)
end
