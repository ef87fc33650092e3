becket.add({
	enums = {
	},
	messages = {
		["Message"] = { fields = {
			[1] = { name = "message", type = "message", of = "Message.Message" },
		} },
		["Message.Message"] = { fields = {
			[1] = { name = "x", type = "int32" },
		} },
		["AMessageWithALongName"] = { fields = {
		} },
	},
	interfaces = {
		{
			name = "GetURLForID",
			uuid = "3a192deb-7393-58b8-b2a7-79ab4dc9cba2",
			major = 1,
			operations = {
				[0] = {
					name = "X",
					request = "Message",
					response = "Message",
				},
				[1] = {
					name = "TheVeryLongNameOfAnOperationThatNobodyWouldEverWantToTypeTwice",
					request = "AMessageWithALongName",
					response = "AMessageWithALongName",
				},
			},
		},
	},
})
